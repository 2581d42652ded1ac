"""Getting an encoder: the offline one, a hub name or a folder."""
