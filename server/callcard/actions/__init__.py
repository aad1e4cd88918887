"""What the product does, by noun. Its rules are here and nowhere else; its words are the product's, not Finesse's."""
