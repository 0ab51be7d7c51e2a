"""Catalogues: where tracks, captions and pictures come from."""
