"""Signatures, one algorithm a file; each is a kind of `onevec.auth.Auth`."""
