"""The programs that come with the library: as commands, and called from Python."""

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections import deque

from ._library import LuthierError, _library_path
from ._network import _integer, _is_model, _named_shapes, _number, _path, _shown

_PROGRESS = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?) %(?:, .+? left)?  (.*)")


def _find(program):
    """The first words of a program's command: of the package, or of the build that the library is from. One file holds both."""
    beside_library = os.path.dirname(_library_path())
    folders = [os.path.join(os.path.dirname(os.path.abspath(__file__)), "bin")] + [beside_library] * bool(beside_library)
    for folder in folders:
        path = os.path.join(folder, "luthier")
        if os.access(path, os.X_OK):
            return [path] if program == "luthier" else [path, program]
    raise LuthierError(f"the program {program} is not in {' or '.join(folders)}; install the wheel, or build it there")


def _become(program):
    try:
        command = _find(program)
        os.execv(command[0], [*command, *sys.argv[1:]])
    except (LuthierError, OSError) as error:
        sys.exit(f"error: {error}")


def tune_command():
    """The command tune."""
    _become("tune")


def luthier_command():
    """The command luthier."""
    _become("luthier")


class _Model:
    """A model as a program's argument: bytes are a file for as long as this is entered."""

    def __init__(self, model):
        self._model = model
        self._folder = None

    def __enter__(self):
        if not _is_model(self._model):
            return os.fsdecode(_path("model", self._model))
        self._folder = tempfile.TemporaryDirectory(prefix="luthier-")
        path = os.path.join(self._folder.name, "model.onnx")
        with open(path, "wb") as file:
            file.write(self._model)
        return path

    def __exit__(self, *unused):
        if self._folder is not None:
            self._folder.cleanup()


def _options(threads, input_size, batch, shapes, max_error):
    """What both programs take."""
    counts = threads if isinstance(threads, (list, tuple)) else [threads]
    arguments = ["--threads=" + ",".join(str(_integer("threads", count)) for count in counts)]
    if input_size is not None:
        sides = input_size if isinstance(input_size, (list, tuple)) else [input_size]
        if len(sides) not in (1, 2):
            raise LuthierError(f"input_size is {_shown(input_size)}; it has to be a number, or rows and columns")
        arguments.append("--input-size=" + "x".join(str(_integer("input_size", side)) for side in sides))
    if batch is not None:
        arguments.append(f"--batch={_integer('batch', batch)}")
    for name, shape in _named_shapes(shapes).items():
        arguments.append(f"--shape={name}=" + "x".join(map(str, shape)))
    if max_error:
        arguments.append(f"--max-error={_number('max_error', max_error)!r}")
    return arguments


def _run(program, arguments, progress=None):
    """What a program prints as JSON; each line that it says meanwhile goes to progress."""
    command = _find(program)
    said = deque(maxlen=50)
    # A file, so that neither of two full pipes stops the program.
    with tempfile.TemporaryFile() as output:
        process = subprocess.Popen(
            [*command, *arguments, "--json"], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.PIPE,
            encoding="utf-8", errors="replace",
        )
        try:
            for line in process.stderr:
                line = line.rstrip("\n")
                said.append(line)
                if progress is not None:
                    match = _PROGRESS.fullmatch(line)
                    progress(*((float(match[1]) / 100, match[2]) if match else (None, line)))
            status = process.wait()
        except BaseException:
            # As Ctrl-C does: what has been timed is kept.
            process.send_signal(signal.SIGINT)
            try:
                process.communicate(timeout=30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.communicate()
            raise
        if status != 0:
            errors = [line[7:] for line in said if line.startswith("error: ")]
            last = errors[0] if errors else next((line for line in reversed(said) if line), "it says nothing")
            ending = f"ended by signal {-status}" if status < 0 else f"failed with status {status}"
            raise LuthierError(last if errors else f"{program} {ending}: {last}")
        output.seek(0)
        return json.load(output)


def tune(
    *networks, threads=1, effort="normal", database=None, input_size=None, batch=None, shapes=None, max_error=0.0,
    step_limit=None, memory_limit=None, progress=None,
):
    """Times every kernel for every layer of networks on this machine and keeps the winners, as the program tune does.

    networks are what Network takes: paths, names of the catalog, bytes. threads is a number or several, effort "quick", "normal"
    or "thorough". database is the folder that the results are kept in, which Network's profile then names; where it is None both
    look at the same places. input_size is a number or (rows, columns); shapes are as Network's. max_error above 0 lets approximate
    kernels compete. step_limit are the seconds, memory_limit the MiB, that a candidate may take.

    progress(done, text) is called for every line that the program says, at least every ten seconds or so: done is between 0 and
    1, or None for a remark. What it raises ends the tuning; what was timed until then is kept, and the same call goes on from there.

    Returns what `tune --json` prints, as a dictionary: the path of the database, and of each network the layers' winners.
    """
    if not networks:
        raise LuthierError("tune() needs a model")
    from contextlib import ExitStack

    arguments = ["networks", *_options(threads, input_size, batch, shapes, max_error), f"--effort={effort}"]
    if database is not None:
        arguments.append("--database=" + os.fsdecode(_path("database", database)))
    if step_limit is not None:
        arguments.append(f"--step-limit={_number('step_limit', step_limit)!r}")
    if memory_limit is not None:
        arguments.append(f"--memory-limit={_integer('memory_limit', memory_limit)}")
    with ExitStack() as models:
        arguments += ["--network=" + models.enter_context(_Model(network)) for network in networks]
        return _run("tune", arguments, progress)


def profile(
    network, profile=None, threads=1, *, input_size=None, batch=None, shapes=None, max_error=0.0, kernels=None, runs=50,
    picture=None,
):
    """Times each layer of a network, as `luthier profile` does.

    network, profile, threads, batch, shapes and max_error are as Network's, input_size is a number or (rows, columns). kernels is
    a family to run wherever it applies, runs how many the medians are taken over, picture the path of an SVG file for the roofline.

    Returns a dictionary: of each layer the kernel, the time, GFLOP/s, and what this machine could do at most.
    """
    arguments = ["profile", *_options(_integer("threads", threads), input_size, batch, shapes, max_error)]
    arguments.append(f"--runs={_integer('runs', runs)}")
    if profile is not None:
        arguments.append("--profile=" + os.fsdecode(_path("profile", profile)))
    if kernels is not None:
        arguments.append(f"--kernels={kernels}")
    if picture is not None:
        arguments.append("--picture=" + os.fsdecode(_path("picture", picture)))
    with _Model(network) as path:
        # A name that begins with a hyphen is no option.
        return _run("luthier", [*arguments, os.path.join(".", path) if path.startswith("-") else path])
