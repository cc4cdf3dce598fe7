package kitchen
