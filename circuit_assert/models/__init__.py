"""Models: named, found, fetched, and described before they are loaded."""
