"""Reads a file with a parser and says how many counts it gives above zero, and their sum.

    read.py PARSER FORM FILE

Without a FILE it loads the parser and says of which versions it is.
"""

import json
import sys
import warnings
from importlib.metadata import version


def nigiri(form):
    from celus_nigiri import counter4, counter5, counter51
    from celus_pycounter import sushi

    def release_4_xml(path):
        with open(path, "rb") as file:
            report = sushi.raw_to_full(file.read())
        return counter4.Counter4JR1Report().read_report(report)

    read = {
        "json-5.1": lambda path: counter51.Counter51TRReport().file_to_records(path),
        "json-5": lambda path: counter5.Counter5TRReport().file_to_records(path),
        "table-5": lambda path: counter5.Counter5TableReport().file_to_records(path),
        "table-4": lambda path: counter4.Counter4JR1Report().file_to_records(path),
        "xml-4": release_4_xml,
    }[form]
    return lambda path: (record.value for record in read(path))


def pycounter(form):
    from pycounter import report, sushi, sushi5

    def json_5(path):
        with open(path, "rb") as file:
            return sushi5.raw_to_full(json.load(file))

    def xml_4(path):
        with open(path, "rb") as file:
            return sushi.raw_to_full(file.read())

    read = {"json-5": json_5, "table-5": report.parse, "table-4": report.parse, "xml-4": xml_4}[form]
    return lambda path: (month.usage for resource in read(path) for month in resource)


PARSERS = {
    "celus-nigiri": (nigiri, ["celus-nigiri", "celus-pycounter", "ijson", "lxml", "openpyxl"]),
    "pycounter": (pycounter, ["pycounter", "lxml", "openpyxl", "pendulum"]),
}


def main():
    warnings.simplefilter("ignore")
    load, packages = PARSERS[sys.argv[1]]
    if len(sys.argv) < 4:
        load("table-4")
        python = "Python {}.{}.{}".format(*sys.version_info)
        print(", ".join([f"{name} {version(name)}" for name in packages] + [python]))
        return
    counts = total = 0
    for value in load(sys.argv[2])(sys.argv[3]):
        if value:
            counts += 1
            total += value
    print(json.dumps({"records": counts, "sum": total}))


main()
