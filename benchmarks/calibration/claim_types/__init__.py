"""How often each claim type is wrong about planted models whose effects lie at its bounds."""
