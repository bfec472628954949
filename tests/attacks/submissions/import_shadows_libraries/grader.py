class Report:
    score = 100
