"""Finding items by what a person types: words with or without their marks, begun, mistyped, in any order."""
