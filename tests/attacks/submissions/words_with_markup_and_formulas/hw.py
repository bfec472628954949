def svm_loss_naive(W, X, y, reg):
    raise ValueError("=cmd|'/c calc'!A1\r\n<script>alert(1)</script>\x1b]0;owned\x07\x1b[2J\u2028\u202e\u2066{{7*7}}\ud800\x00")
