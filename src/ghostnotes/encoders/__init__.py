"""What turns audio, pictures and text into vectors."""
