"""Times every engine on every network, in turn, and writes table, JSON and picture. Started by `run`."""

import argparse
import json
import os
import random
import statistics
import subprocess
import sys
import time

import numpy

import engines
import networks
import picture

CATALOG = [
    "shufflenet_v2_x0_5", "shufflenet_v2_x1_0", "shufflenet_v2_x1_5", "shufflenet_v2_x2_0", "mobilenet_v2_x1_0",
    "mobilenet_v1_x1_0", "squeezenet_1_1", "resnet_18", "resnet_50",
]

NETWORKS = CATALOG + networks.TORCHVISION + networks.OWN

# How far an output may be from the first peer's, over the largest element: 32-bit floats in another order, no more.
TOLERANCE = 1e-4


def export(names, work, batch):
    """ONNX files of the networks: of the catalog by our own exporter, of others by PyTorch's."""
    folder = os.path.join(work, "models")
    os.makedirs(folder, exist_ok=True)
    program = os.path.join(os.environ["LUTHIER_PRODUCTS"], "luthier")
    files = {}
    for name in names:
        files[name] = os.path.join(folder, name + ("" if batch == 1 else f"_batch{batch}") + ".onnx")
        if name not in CATALOG:
            networks.export(name, files[name], batch)
        elif not os.path.exists(files[name]):
            command = [program, "export", name, "--output", files[name]]
            subprocess.run(command + (["--batch", str(batch)] if batch > 1 else []), check=True)
    return files


def roofline_share(file, threads, profile):
    """The least time by the roofline over the layers' measured time, as `luthier profile` counts them; None where it fails."""
    program = os.path.join(os.environ["LUTHIER_PRODUCTS"], "luthier")
    command = [program, "profile", file, "--profile", profile, "--threads", str(threads), "--json"]
    run = subprocess.run(command, capture_output=True, text=True)
    return json.loads(run.stdout)["fraction_of_roofline"] if run.returncode == 0 else None


def tune(files, threads, work):
    """The database with a profile of each network for this thread count."""
    folder = os.path.join(work, "database")
    program = os.path.join(os.environ["LUTHIER_PRODUCTS"], "tune")
    command = [program, "--platform", "this-host", "--database", folder, "--threads", str(threads)]
    for file in files.values():
        command += ["--network", file]
    subprocess.run(command, check=True, stdout=sys.stderr)
    names = [name for name in os.listdir(folder) if name.endswith(".json") and not name.endswith(".schema.json")]
    return os.path.join(folder, sorted(names)[0])


def input_of(model, seed=0):
    """A picture that any network takes: standard normal noise."""
    shape = engines.input_shape(model)
    return numpy.random.default_rng(seed).standard_normal(shape).astype(numpy.float32)


def settle(patience=0.5):
    """Waits until the workers of the engine before have stopped spinning: they would run against the next engine's."""
    end = time.perf_counter() + patience
    while time.perf_counter() < end:
        before, begin = time.process_time(), time.perf_counter()
        time.sleep(0.004)
        if time.process_time() - before < 0.1 * (time.perf_counter() - begin):
            return


def race(model, threads, work, profile, rounds):
    """Seconds of each engine's runs, one a round, the engines in turn and in a new order each round: none is always the one that
    finds the caches as the largest has left them.

    With several threads a run that nobody times comes first, once the machine is quiet: it wakes the engine's workers. An engine
    whose output is not that of the first peer, within TOLERANCE of its largest element, is an error and has no time."""
    data = input_of(model)
    runners, reference, expected, samples, errors = {}, None, None, {}, {}
    for engine in engines.ENGINES:
        try:
            runner = engine(model, threads, work, profile)
            output = numpy.array(runner(data)).reshape(-1)
        except Exception as error:
            errors[engine.name] = f"{type(error).__name__}: {error}".splitlines()[0]
            continue
        if expected is None and engine is not engines.Luthier:
            reference, expected = engine.name, output
        runners[engine.name] = (runner, output)
    if expected is None:
        sys.exit(f"error: no peer runs {model}, so there is nothing to compare with: {errors}")
    scale = float(numpy.abs(expected).max())
    agreement = {}
    for name, (_, output) in list(runners.items()):
        agreement[name] = float(numpy.abs(output - expected).max()) / scale if output.shape == expected.shape else float("inf")
        # Not "more than": a NaN agrees with nothing.
        if not agreement[name] <= TOLERANCE:
            errors[name] = f"its output differs from {reference}'s by {agreement[name]:.1e}, more than {TOLERANCE:.0e}"
            del runners[name]
    for name in runners:
        samples[name] = []
    order = random.Random(0)
    for round_ in range(rounds + rounds // 4 + 3):
        for name in order.sample(list(runners), len(runners)):
            runner = runners[name][0]
            if threads > 1:
                settle()
                runner(data)
            start = time.perf_counter()
            runner(data)
            end = time.perf_counter()
            if round_ >= rounds // 4 + 3:
                samples[name].append(end - start)
    return samples, agreement, errors


def cold(model, threads, work, profile, engine):
    """In fresh processes, by `cold.py`: time to load the model and give the first output, the same from the start of the process
    (Python and the engine's import included), and peak memory over the imported libraries."""
    script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cold.py")
    shape = ",".join(map(str, engines.input_shape(model)))
    answers = []
    for _ in range(7):
        begin = time.time()
        run = subprocess.run(
            [sys.executable, script, engine.__name__, model, str(threads), work, profile or "", shape],
            capture_output=True, text=True,
        )
        if run.returncode != 0:
            return None
        seconds, memory, end = json.loads(run.stdout.strip().splitlines()[-1])
        answers.append((seconds, memory, end - begin))
    return {
        "first_output_ms": statistics.median(a[0] for a in answers) * 1e3,
        "peak_memory_mib": statistics.median(a[1] for a in answers),
        "process_to_output_ms": statistics.median(a[2] for a in answers) * 1e3,
    }


def program_to_output(model, threads, profile, work):
    """Milliseconds from the start of the program `luthier run` to its end, with the first output in a file: without Python."""
    program = os.path.join(os.environ["LUTHIER_PRODUCTS"], "luthier")
    shape = engines.input_shape(model)
    picture, output = os.path.join(work, "picture.pb"), os.path.join(work, "output.pb")
    # A TensorProto: the sizes (field 1), FLOAT (field 2), the numbers' bytes (field 9).
    data = numpy.full(shape, 0.5, numpy.float32).tobytes()
    with open(picture, "wb") as file:
        for size in shape:
            file.write(b"\x08" + varint(size))
        file.write(b"\x10\x01\x4a" + varint(len(data)) + data)
    command = [program, "run", model, "--input", picture, "--output", output, "--threads", str(threads)]
    seconds = []
    for _ in range(7):
        begin = time.perf_counter()
        subprocess.run(command + ["--profile", profile], check=True, stdout=subprocess.DEVNULL)
        seconds.append(time.perf_counter() - begin)
    return statistics.median(seconds) * 1e3


def varint(number):
    """A number as Protocol Buffers write it."""
    result = b""
    while number > 127:
        result += bytes([number & 127 | 128])
        number >>= 7
    return result + bytes([number])


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", required=True)
    parser.add_argument("--threads", default="1", help="thread counts, 1,2")
    parser.add_argument("--networks", default=",".join(NETWORKS))
    parser.add_argument("--models", nargs="*", default=[], help="further ONNX files")
    parser.add_argument("--batch", type=int, default=1, help="images a run")
    parser.add_argument("--rounds", type=int, default=60)
    parser.add_argument("--output", default=None)
    parser.add_argument("--no-cold", action="store_true", help="leave out start-up time and memory")
    options = parser.parse_args()
    output = options.output or os.path.join(options.work, "results")
    os.makedirs(output, exist_ok=True)

    files = export([name for name in options.networks.split(",") if name], options.work, options.batch)
    for file in options.models:
        files[os.path.splitext(os.path.basename(file))[0]] = file
    results = {
        "engines": {engine.name: engine.version() for engine in engines.ENGINES},
        "machine": machine(),
        "networks": [],
    }
    for threads in map(int, options.threads.split(",")):
        profile = tune(files, threads, options.work)
        # As many processors as threads, so that no engine's helpers run beside it.
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        for name, file in files.items():
            samples, agreement, errors = race(file, threads, options.work, profile, options.rounds)
            row = {"network": name, "threads": threads, "engines": {}, "errors": errors}
            for engine, seconds in samples.items():
                row["engines"][engine] = {
                    "median_ms": statistics.median(seconds) * 1e3, "min_ms": min(seconds) * 1e3,
                    "runs": len(seconds), "relative_error": agreement[engine],
                }
            peers = [values["median_ms"] for engine, values in row["engines"].items() if engine != "luthier"]
            row["ratio_to_fastest"] = row["engines"]["luthier"]["median_ms"] / min(peers) if "luthier" in samples and peers else None
            row["batch"] = options.batch
            row["fraction_of_roofline"] = roofline_share(file, threads, profile)
            if not options.no_cold and threads == 1 and name in ("shufflenet_v2_x1_0", "resnet_50"):
                for engine in engines.ENGINES:
                    answer = cold(file, threads, options.work, profile, engine)
                    if answer and engine.name in row["engines"]:
                        row["engines"][engine.name].update(answer)
                row["program_to_output_ms"] = program_to_output(file, threads, profile, options.work)
            results["networks"].append(row)
            print(table([row], header=len(results["networks"]) == 1), flush=True)
        os.sched_setaffinity(0, range(os.cpu_count()))
    with open(os.path.join(output, "results.json"), "w") as file:
        json.dump(results, file, indent=2)
    with open(os.path.join(output, "results.svg"), "w") as file:
        file.write(picture.bars(results))
    print(f"{output}/results.json and {output}/results.svg written", file=sys.stderr)
    errors = [f"{row['network']}, {engine}: {error}" for row in results["networks"] for engine, error in row["errors"].items()]
    if errors:
        sys.exit("error: " + "; ".join(errors))


def machine():
    """The processor's name and count, as the picture states them."""
    model = "unknown"
    with open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {"processor": model, "cores": os.cpu_count()}


def table(rows, header):
    """Markdown: a row a network, median (minimum) in ms."""
    names = [engine.name for engine in engines.ENGINES]
    lines = []
    if header:
        lines.append("| network | threads | " + " | ".join(names) + " | × fastest peer | of the roofline |")
        lines.append("| --- " * (len(names) + 4) + "|")
    for row in rows:
        cells = []
        for name in names:
            values = row["engines"].get(name)
            cells.append(f"{values['median_ms']:.2f} ({values['min_ms']:.2f})" if values else "–")
        ratio, share = row["ratio_to_fastest"], row["fraction_of_roofline"]
        cells += ["–" if ratio is None else f"{ratio:.2f}", "–" if share is None else f"{share * 100:.0f} %"]
        lines.append(f"| {row['network']} | {row['threads']} | " + " | ".join(cells) + " |")
        extra = [
            f"{name} {v['first_output_ms']:.1f} ms ({v['process_to_output_ms']:.0f} ms), {v['peak_memory_mib']:.1f} MiB"
            for name, v in row["engines"].items() if "first_output_ms" in v
        ]
        if "program_to_output_ms" in row:
            extra.append(f"the program 'luthier run', without Python ({row['program_to_output_ms']:.0f} ms)")
        if extra:
            lines.append(f"| ↳ load and first output (from the process's start), memory | | {'; '.join(extra)} |" + " |" * len(names))
        for name, error in row["errors"].items():
            lines.append(f"| ↳ {name} | | {error} |" + " |" * len(names))
    return "\n".join(lines)


if __name__ == "__main__":
    main()
