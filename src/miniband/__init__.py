"""A small made band: music, captions and pictures by rule, so that the truth about every track is known."""
