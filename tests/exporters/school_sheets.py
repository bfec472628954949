"""The sheets that platforms would export of the class of `school`, before any score is in them."""

NUMBERS = range(10)
_NAMES = ("Ten", "One", "=Two", "Three", "Four", "Five", "Six", "Seven", "Eight", "Nine")

CANVAS = (
    "\ufeffStudent,ID,SIS User ID,SIS Login ID,Section,Mini (90210),Other (90211),Current Score\r\n"
    "    Points Possible,,,,,18,10,(read only)\r\n"
    + "".join(
        f'"{_NAMES[at]}, Student",{100 + at},100{at},student{at}@example.edu,"S1, ""lab""",{"EX" if at == 5 else ""},9.5,\r\n'
        for at in NUMBERS
    )
).encode()

MOODLE = (
    "\ufeffIdentifier,Full name,Email address,Status,Grade,Maximum grade,Grade can be changed,"
    "Last modified (submission),Last modified (grade),Feedback comments\n"
    + "".join(
        f"Participant {9000 + at},Student {_NAMES[at].strip('=')},student{at}@example.edu,Submitted for grading,,18.00,Yes,"
        '"Monday, 20 April 2026, 8:58 PM",-,\n'
        for at in NUMBERS
    )
).encode()

BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"Mini [Total Pts: 18] |664617"\n'
    + "".join(f'"{_NAMES[at]}"\t"Student"\t"student{at}"\t"100{at}"\t""\n' for at in NUMBERS)
).encode("utf-16")

BRIGHTSPACE = (
    "OrgDefinedId,Last Name,First Name,Mini Points Grade <Numeric MaxPoints:18 Weight:10>,End-of-Line Indicator\r\n"
    + "".join(f"#100{at},{_NAMES[at]},Student,,#\r\n" for at in NUMBERS)
).encode()

OTHER = (
    "Grades of the class;;\n\nNumber;Name;Points;Words\n"
    + "".join(f"100{at};{_NAMES[at]};1,5;\n" for at in NUMBERS)
).encode()
