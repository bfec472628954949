"""SVM and softmax losses in closed form, their error bounds, and their named mistakes."""
