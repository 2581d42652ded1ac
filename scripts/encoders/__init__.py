"""Get an encoder: the offline one, a hub model or a folder."""
