def loads(*arguments):
    raise SystemExit
