"""What a page says: pure functions over text, standard library only."""
