import Charts
import Luthier
import RealModule

/// A network's layers under the machine's roofline, and along the time that they take: one SVG file that needs nothing else.
public struct RooflinePicture {
  private let profile: NetworkLayerTimes
  private let width = 760.0
  private let height = 380.0
  private let left = 70.0
  private let top = 50.0
  /// The decades that the axes span: FLOPs a byte, and GFLOP/s.
  private let intensities: (low: Double, high: Double)
  private let speeds: (low: Double, high: Double)

  /// A picture of a profile.
  public init(_ profile: NetworkLayerTimes) {
    self.profile = profile
    let drawn = profile.layers.filter { $0.gflops > 0 }
    let lowest = drawn.map(\.arithmetic_intensity).min() ?? 0.1
    let highest = drawn.map(\.arithmetic_intensity).max() ?? 100
    intensities = (Self.decade(below: min(lowest, 0.1)), Self.decade(below: max(highest, 100)) * 10)
    speeds = (
      Self.decade(below: min(drawn.map(\.gflops).min() ?? 1, 1)), Self.decade(below: profile.roofline.peak) * 10
    )
  }

  /// The picture.
  public var svg: String {
    let parts = [frame, roofs, dots, timeline].joined()
    return """
      <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Int(left + width + 110)) \(Int(top + height + 150))" \
      font-family="sans-serif" font-size="12"><style>.small{font-size:10px}</style>\
      <rect width="100%" height="100%" fill="white"/>\
      <text x="\(Int(left))" y="24" font-size="15">\(Drawing.escaped(profile.network)): \
      \(Figures.fixed(profile.total_ms, 3)) ms on \(profile.threads) thread\(profile.threads == 1 ? "" : "s"), \
      \(Figures.percent(profile.fraction_of_peak)) of peak</text>\(parts)</svg>

      """
  }

  // MARK: Axes

  private static func decade(below value: Double) -> Double {
    var power = 1.0
    while power > max(value, 1e-6) { power /= 10 }
    while power * 10 <= min(value, 1e9) { power *= 10 }
    return power
  }

  private func x(_ intensity: Double) -> Double {
    left + width * Double.log(max(intensity, intensities.low) / intensities.low)
      / Double.log(intensities.high / intensities.low)
  }

  private func y(_ speed: Double) -> Double {
    top + height
      * (1 - Double.log(max(speed, speeds.low) / speeds.low) / Double.log(speeds.high / speeds.low))
  }

  private var frame: String {
    var parts = [
      "<rect x='\(left)' y='\(top)' width='\(width)' height='\(height)' fill='none' stroke='#999'/>",
      "<text x='\(left + width / 2)' y='\(top + height + 34)' text-anchor='middle'>FLOPs a byte</text>",
      "<text x='16' y='\(top + height / 2)' transform='rotate(-90 16 \(top + height / 2))' text-anchor='middle'>"
        + "GFLOP/s</text>",
    ]
    var tick = intensities.low
    while tick <= intensities.high * 1.01 {
      parts.append(
        "<line x1='\(x(tick))' y1='\(top)' x2='\(x(tick))' y2='\(top + height)' stroke='#eee'/>"
          + "<text x='\(x(tick))' y='\(top + height + 16)' class='small' text-anchor='middle'>\(Self.label(tick))</text>"
      )
      tick *= 10
    }
    tick = speeds.low
    while tick <= speeds.high * 1.01 {
      parts.append(
        "<line x1='\(left)' y1='\(y(tick))' x2='\(left + width)' y2='\(y(tick))' stroke='#eee'/>"
          + "<text x='\(left - 6)' y='\(y(tick) + 4)' class='small' text-anchor='end'>\(Self.label(tick))</text>")
      tick *= 10
    }
    return parts.joined()
  }

  private static func label(_ value: Double) -> String {
    Figures.fixed(value, value < 0.095 ? 2 : value < 0.95 ? 1 : 0)
  }

  // MARK: Content

  private var roofs: String {
    let bandwidth = profile.roofline.bandwidth
    let slopes = [("L2", bandwidth.l2), ("L3", bandwidth.l3 ?? 0), ("memory", bandwidth.memory)].filter { $0.1 > 0 }
    let peak = profile.roofline.peak
    var parts = [
      "<line x1='\(left)' y1='\(y(peak))' x2='\(left + width)' y2='\(y(peak))' stroke='#333'/>"
        + "<text x='\(left + width + 6)' y='\(y(peak) + 4)' class='small'>\(Figures.fixed(peak, 0)) GFLOP/s</text>"
    ]
    for (index, (name, speed)) in slopes.enumerated() {
      // From the left or lower edge of the frame up to the peak.
      let first = max(intensities.low, speeds.low / speed)
      parts.append(
        "<line x1='\(x(first))' y1='\(y(first * speed))' x2='\(x(peak / speed))' y2='\(y(peak))' stroke='#777' "
          + "stroke-dasharray='\(6 - 2 * index) 3'/><text x='\(x(first) + 8)' y='\(y(first * speed) - 6)' class='small'>"
          + "\(name) \(Figures.fixed(speed, 0)) GB/s</text>")
    }
    return parts.joined()
  }

  private static func family(_ kernel: String) -> String { String(kernel.prefix { $0 != "." }) }

  private var dots: String {
    profile.layers.filter { $0.gflops > 0 }.map { layer in
      let radius = 3 + 14 * min(layer.share, 0.5).squareRoot()
      return "<circle cx='\(x(layer.arithmetic_intensity))' cy='\(y(layer.gflops))' r='\(Figures.fixed(radius, 1))' "
        + "fill='\(Drawing.colour(ofFamily: Self.family(layer.kernel)))' fill-opacity='0.55'><title>\(title(layer))</title></circle>"
    }.joined()
  }

  private func title(_ layer: NetworkLayerTimes.Layer) -> String { Drawing.escaped(plainTitle(layer)) }

  private func plainTitle(_ layer: NetworkLayerTimes.Layer) -> String {
    "\(layer.layer): \(layer.kernel), \(Figures.time(nanoseconds: layer.median_us * 1e3)), "
      + "\(Figures.percent(layer.fraction_of_roofline)) of the roofline; \(layer.problem)"
  }

  /// The layers one after the other, each as wide as its time.
  private var timeline: String {
    let begin = top + height + 56
    let blocks = profile.layers.map {
      Timeline.Block(title: plainTitle($0), share: $0.share, kind: Self.family($0.kernel))
    }
    return Timeline(blocks).elements(left: left, top: begin, width: width)
      + "<text x='\(left)' y='\(begin - 6)' class='small'>the layers in order, each as wide as its time</text>"
  }
}
