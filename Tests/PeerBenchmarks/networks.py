"""The networks of the benchmark that are not in the catalog: torchvision's builders with random weights and random batch-norm
statistics, and small builders of the shapes that people ship. `export(name, file, batch)` writes one as ONNX, once.

Names that begin with `tv_` are torchvision's (`tv_regnet_x_400mf`, `tv_deeplabv3_mobilenet_v3_large`); the others are below."""

import os
import pathlib

# The square that each takes; 224 where it is not here.
SIZES = {"tv_inception_v3": 299, "yolo_shaped": 640, "tv_deeplabv3_mobilenet_v3_large": 320, "tv_lraspp_mobilenet_v3_large": 320}

TORCHVISION = [
    "tv_mobilenet_v3_small", "tv_mobilenet_v3_large", "tv_efficientnet_b0", "tv_efficientnet_v2_s", "tv_mnasnet1_0",
    "tv_regnet_x_400mf", "tv_regnet_y_400mf", "tv_densenet121", "tv_googlenet", "tv_inception_v3",
    "tv_deeplabv3_mobilenet_v3_large", "tv_lraspp_mobilenet_v3_large",
]


def export(name, file, batch=1):
    """Writes the network's ONNX file where it is not there yet."""
    if os.path.exists(file):
        return
    import torch

    torch.manual_seed(0)
    network, shape = build(name)
    network.eval()
    randomize(network, torch.nn)
    example = torch.randn(batch, *shape)
    fresh = pathlib.Path(f"{file}.part")
    with torch.no_grad():
        torch.onnx.export(network, (example,), str(fresh), dynamo=False, opset_version=17, verbose=False)
    fresh.rename(file)


def randomize(network, nn):
    """Gives batch normalisations statistics that are not those of a fresh network, which they would pass through unchanged."""
    for module in network.modules():
        if isinstance(module, (nn.BatchNorm1d, nn.BatchNorm2d)):
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 1.5)


def build(name):
    """The module and the shape of its input without the batch."""
    import torch.nn as nn

    size = SIZES.get(name, 224)
    if name.startswith("tv_"):
        return torchvision(name[3:], nn), (3, size, size)
    if name == "preactivation_resnet":
        return preactivation(nn), (3, size, size)
    if name == "yolo_shaped":
        return yolo(nn), (3, size, size)
    if name == "u_net":
        return unet(nn), (3, size, size)
    if name == "super_resolution":
        return super_resolution(nn), (1, size, size)
    if name == "crnn":
        return crnn(nn), (1, 32, 256)
    raise ValueError(f"{name} is no network of this benchmark")


OWN = ["preactivation_resnet", "yolo_shaped", "u_net", "super_resolution", "crnn"]


def torchvision(name, nn):
    """One of torchvision's networks with random weights, whose only output is its first."""
    import torchvision.models as zoo

    keywords = {"weights": None}
    if name in zoo.list_models(module=zoo.segmentation):
        keywords["weights_backbone"] = None
    if name in ("googlenet", "inception_v3"):
        keywords |= {"aux_logits": False, "init_weights": True}
    network = zoo.get_model(name, **keywords)

    class First(nn.Module):
        def __init__(self):
            super().__init__()
            self.network = network

        def forward(self, image):
            value = self.network(image)
            return value["out"] if isinstance(value, dict) else value

    return First()


def unit(nn, inputs, outputs, kernel=3, stride=1, activation=None):
    """Convolution, batch normalisation, activation (SiLU where none is said)."""
    return nn.Sequential(
        nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False), nn.BatchNorm2d(outputs),
        activation or nn.SiLU())


def preactivation(nn):
    """He et al., "Identity mappings in deep residual networks" (2016): 18 layers, normalisation and activation before each
    convolution, where they cannot be folded into the one before."""

    class Block(nn.Module):
        def __init__(self, inputs, outputs, stride):
            super().__init__()
            self.first = nn.Sequential(nn.BatchNorm2d(inputs), nn.ReLU())
            self.body = nn.Sequential(
                nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU(),
                nn.Conv2d(outputs, outputs, 3, 1, 1, bias=False))
            self.shortcut = None
            if stride > 1 or inputs != outputs:
                self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)

        def forward(self, x):
            active = self.first(x)
            return self.body(active) + (x if self.shortcut is None else self.shortcut(active))

    layers, channels = [nn.Conv2d(3, 64, 7, 2, 3, bias=False), nn.MaxPool2d(3, 2, 1)], 64
    for outputs, stride in ((64, 1), (128, 2), (256, 2), (512, 2)):
        layers += [Block(channels, outputs, stride), Block(outputs, outputs, 1)]
        channels = outputs
    return nn.Sequential(
        *layers, nn.BatchNorm2d(512), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000))


def yolo(nn):
    """A detector of YOLOv8n's shape: blocks that split and concatenate, SiLU, a pyramid of three scales, and a head whose boxes are
    the means of distributions over 16 bins (Li et al., "Generalized focal loss", 2020)."""
    import torch

    class Split(nn.Module):
        def __init__(self, inputs, outputs, count, adds):
            super().__init__()
            self.half, self.adds = outputs // 2, adds
            self.first = unit(nn, inputs, outputs, 1)
            self.blocks = nn.ModuleList(
                nn.Sequential(unit(nn, self.half, self.half), unit(nn, self.half, self.half)) for _ in range(count))
            self.last = unit(nn, (2 + count) * self.half, outputs, 1)

        def forward(self, x):
            parts = list(self.first(x).chunk(2, 1))
            for block in self.blocks:
                parts.append(parts[-1] + block(parts[-1]) if self.adds else block(parts[-1]))
            return self.last(torch.cat(parts, 1))

    class Pyramid(nn.Module):
        def __init__(self, channels):
            super().__init__()
            self.first, self.last = unit(nn, channels, channels // 2, 1), unit(nn, channels * 2, channels, 1)
            self.pool = nn.MaxPool2d(5, 1, 2)

        def forward(self, x):
            parts = [self.first(x)]
            for _ in range(3):
                parts.append(self.pool(parts[-1]))
            return self.last(torch.cat(parts, 1))

    class Detector(nn.Module):
        def __init__(self):
            super().__init__()
            self.low = nn.Sequential(
                unit(nn, 3, 16, 3, 2), unit(nn, 16, 32, 3, 2), Split(32, 32, 1, True), unit(nn, 32, 64, 3, 2),
                Split(64, 64, 2, True))
            self.middle = nn.Sequential(unit(nn, 64, 128, 3, 2), Split(128, 128, 2, True))
            self.high = nn.Sequential(unit(nn, 128, 256, 3, 2), Split(256, 256, 1, True), Pyramid(256))
            self.up = nn.Upsample(scale_factor=2)
            self.merge = nn.ModuleList([Split(384, 128, 1, False), Split(192, 64, 1, False)])
            self.down = nn.ModuleList([unit(nn, 64, 64, 3, 2), unit(nn, 128, 128, 3, 2)])
            self.join = nn.ModuleList([Split(192, 128, 1, False), Split(384, 256, 1, False)])
            self.boxes = nn.ModuleList(self.branch(c, 64, 64) for c in (64, 128, 256))
            self.classes = nn.ModuleList(self.branch(c, 80, 80) for c in (64, 128, 256))
            self.register_buffer("bins", torch.arange(16, dtype=torch.float32).reshape(1, 16, 1, 1))

        @staticmethod
        def branch(inputs, middle, outputs):
            return nn.Sequential(
                unit(nn, inputs, middle), unit(nn, middle, middle), nn.Conv2d(middle, outputs, 1))

        def forward(self, image):
            low = self.low(image)
            middle = self.middle(low)
            high = self.high(middle)
            middle = self.merge[0](torch.cat([self.up(high), middle], 1))
            low = self.merge[1](torch.cat([self.up(middle), low], 1))
            middle = self.join[0](torch.cat([self.down[0](low), middle], 1))
            high = self.join[1](torch.cat([self.down[1](middle), high], 1))
            boxes, classes = [], []
            for index, scale in enumerate((low, middle, high)):
                boxes.append(self.boxes[index](scale).flatten(2))
                classes.append(self.classes[index](scale).flatten(2))
            boxes, classes = torch.cat(boxes, 2), torch.cat(classes, 2)
            count = boxes.shape[-1]
            distances = boxes.view(-1, 4, 16, count).transpose(1, 2).softmax(1)
            return torch.cat([(distances * self.bins).sum(1), classes.sigmoid()], 1)

    return Detector()


def unet(nn):
    """Ronneberger et al., "U-Net" (2015), at a quarter of its width, with transposed convolutions on the way up."""
    import torch

    def twice(inputs, outputs):
        return nn.Sequential(
            unit(nn, inputs, outputs, activation=nn.ReLU()), unit(nn, outputs, outputs, activation=nn.ReLU()))

    class Network(nn.Module):
        def __init__(self, widths=(16, 32, 64, 128)):
            super().__init__()
            self.down = nn.ModuleList(twice(a, b) for a, b in zip((3, *widths), widths))
            self.bottom = twice(widths[-1], widths[-1] * 2)
            self.up = nn.ModuleList(nn.ConvTranspose2d(2 * w, w, 2, 2) for w in reversed(widths))
            self.join = nn.ModuleList(twice(2 * w, w) for w in reversed(widths))
            self.pool, self.last = nn.MaxPool2d(2), nn.Conv2d(widths[0], 2, 1)

        def forward(self, x):
            kept = []
            for block in self.down:
                kept.append(block(x))
                x = self.pool(kept[-1])
            x = self.bottom(x)
            for up, join, before in zip(self.up, self.join, reversed(kept)):
                x = join(torch.cat([before, up(x)], 1))
            return self.last(x)

    return Network()


def super_resolution(nn):
    """Shi et al., "Real-time single image and video super-resolution" (2016), with PReLU: three times the size by a pixel shuffle."""
    return nn.Sequential(
        nn.Conv2d(1, 64, 5, 1, 2), nn.PReLU(64), nn.Conv2d(64, 64, 3, 1, 1), nn.PReLU(64), nn.Conv2d(64, 32, 3, 1, 1),
        nn.PReLU(32), nn.Conv2d(32, 9, 3, 1, 1), nn.PixelShuffle(3))


def crnn(nn):
    """Shi et al., "An end-to-end trainable neural network for image-based sequence recognition" (2015): convolutions to a row of
    columns, two bidirectional LSTMs, a score for each column and letter."""

    class Network(nn.Module):
        def __init__(self):
            super().__init__()
            relu = nn.ReLU()
            self.columns = nn.Sequential(
                unit(nn, 1, 64, activation=relu), nn.MaxPool2d(2), unit(nn, 64, 128, activation=relu), nn.MaxPool2d(2),
                unit(nn, 128, 256, activation=relu), unit(nn, 256, 256, activation=relu), nn.MaxPool2d((2, 1)),
                unit(nn, 256, 512, activation=relu), nn.MaxPool2d((2, 1)), nn.Conv2d(512, 512, (2, 1)))
            self.recurrent = nn.LSTM(512, 256, num_layers=2, bidirectional=True)
            self.letters = nn.Linear(512, 37)

        def forward(self, image):
            columns = self.columns(image).squeeze(2).permute(2, 0, 1)
            return self.letters(self.recurrent(columns)[0])

    return Network()
