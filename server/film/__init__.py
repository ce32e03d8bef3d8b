"""Film print (胶片打印, C-39): images of a series as tiles on sheets, with the four corners."""
