"""SVM and softmax losses in closed form, their error bounds, and mistakes that are known by name."""
