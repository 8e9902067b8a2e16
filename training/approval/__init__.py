"""Who acts and who may approve. Imports registry."""
