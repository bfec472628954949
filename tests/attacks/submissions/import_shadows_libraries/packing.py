def pack_value(*arguments):
    return [b'forged']
