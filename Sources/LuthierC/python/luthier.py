"""The package in the folder luthier beside this file, for programs that load the file by its path. `import luthier` takes the folder."""

import importlib.util as _util
import os as _os
import sys as _sys

_folder = _os.path.join(_os.path.dirname(_os.path.abspath(__file__)), "luthier")
_spec = _util.spec_from_file_location(
    "luthier", _os.path.join(_folder, "__init__.py"), submodule_search_locations=[_folder]
)
_package = _sys.modules["luthier"] = _util.module_from_spec(_spec)
_spec.loader.exec_module(_package)
globals().update(_package.__dict__)
