"""What analysts are given ready-made: the views of the schema `report`."""
