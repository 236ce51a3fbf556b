"""What pytest has to know before it collects anything."""

pytest_plugins = ["pytester"]
