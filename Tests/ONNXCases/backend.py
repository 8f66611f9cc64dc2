"""Runs ONNX's own backend test runner over luthier.backend: backend.py

Prints a line a case as the table of node tests has them: outcome (passed, refused or failed), case, and why where it is not
passed. A case is refused where luthier says so (a LuthierError). Models that the runner would download are left out."""

import unittest
import warnings

warnings.filterwarnings("ignore")

import onnx.backend.test

import luthier
import luthier.backend


class Printing(unittest.TestResult):
    """Prints what came of each case of this device."""

    def line(self, outcome, test, why=""):
        name = test.id().split(".")[-1]
        if name.endswith("_cpu"):
            text = " ".join(str(why).split())
            print(outcome, name[: -len("_cpu")] + (f": {text}" if text else ""), flush=True)

    def addSuccess(self, test):
        self.line("passed", test)

    def addFailure(self, test, error):
        self.line("failed", test, error[1])

    def addError(self, test, error):
        self.line("refused" if issubclass(error[0], luthier.LuthierError) else "failed", test, error[1])


def main():
    runner = onnx.backend.test.BackendTest(luthier.backend.LuthierBackend, __name__)
    runner.exclude("_cuda$")
    suite = unittest.TestSuite()
    for name, case in sorted(runner.test_cases.items()):
        if "Real" not in name:
            suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    # What a failing case prints is said once, by its line.
    suite.run(Printing())


main()
