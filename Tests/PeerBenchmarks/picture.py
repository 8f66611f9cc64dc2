"""The results as an SVG picture that needs nothing from a network."""

COLOURS = {
    "luthier": "#b5541c", "onnxruntime": "#5b7c99", "openvino": "#7a9e7e", "ncnn": "#9b8bb4", "mnn": "#c2a878",
    "pytorch": "#a0a0a0",
}


def bars(results):
    """One group of bars a network and thread count: latency relative to the fastest peer, shorter is better."""
    rows = results["networks"]
    bar, gap, left, width, limit = 11, 16, 210, 520, 3.0
    y, parts = 64, []
    for row in rows:
        peers = [v["median_ms"] for n, v in row["engines"].items() if n != "luthier"]
        if not peers:
            continue
        fastest = min(peers)
        parts.append(
            f'<text x="{left - 10}" y="{y + bar * len(row["engines"]) / 2 + 4:.0f}" text-anchor="end">'
            f'{row["network"]}, {row["threads"]} thread{"s" if row["threads"] > 1 else ""}</text>'
        )
        for name, values in row["engines"].items():
            ratio = values["median_ms"] / fastest
            length = min(ratio, limit) / limit * width
            more = " →" if ratio > limit else ""
            parts.append(
                f'<rect x="{left}" y="{y}" width="{length:.1f}" height="{bar - 2}" fill="{COLOURS.get(name, "#888")}"/>'
                f'<text x="{left + length + 5:.1f}" y="{y + bar - 3}" class="small">'
                f'{values["median_ms"]:.2f} ms ({ratio:.2f} ×){more}</text>'
            )
            y += bar
        y += gap
    legend = "".join(
        f'<rect x="{left + index * 110}" y="36" width="10" height="10" fill="{COLOURS.get(name, "#888")}"/>'
        f'<text x="{left + index * 110 + 14}" y="45" class="small">{name} {str(version)[:10]}</text>'
        for index, (name, version) in enumerate(results["engines"].items())
    )
    one = left + width / limit
    machine = results["machine"]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {left + width + 150} {y + 10}" '
        'font-family="sans-serif" font-size="12">'
        "<style>.small{font-size:9px}</style>"
        f'<rect width="100%" height="100%" fill="white"/>'
        f'<text x="{left}" y="22" font-size="14">Median latency, f32, batch 1, relative to the fastest other engine — '
        f'{machine["processor"]}</text>{legend}'
        f'<line x1="{one:.1f}" y1="54" x2="{one:.1f}" y2="{y}" stroke="#444" stroke-dasharray="3 3"/>'
        + "".join(parts) + "</svg>\n"
    )
