raise SystemExit('no torch for anybody')
