import Autotuner
import Foundation
import GuidelineStudy
import Luthier
import Testing

@Suite("The four guidelines applied to a network")
struct DesignCheckTests {
  static func violations(_ graph: Graph) throws -> [DesignViolation] {
    try DesignViolation.all(in: graph.applying(GraphPass.standard))
  }

  @Test("Equal widths are left alone, 1:6 is named with the width of equal FLOPs")
  func widths() throws {
    let blocks = GuidelineBlocks(size: 8, repeats: 1)
    #expect(try Self.violations(blocks.channelRatio(inputs: 32, outputs: 32)).isEmpty)
    let found = try Self.violations(blocks.channelRatio(inputs: 13, outputs: 78))
    #expect(found.map(\.guideline) == [1, 1])
    for violation in found {
      let kept = try #require(violation.kept.first as? ConvolutionProblem)
      #expect((kept.inputChannels, kept.outputChannels) == (32, 32))
    }
  }

  @Test("Groups are named with one group of equal FLOPs; depthwise convolutions are not", arguments: [2, 4, 8])
  func groups(count: Int) throws {
    let found = try Self.violations(GuidelineBlocks(size: 8, repeats: 1).grouped(channels: 128, groups: count))
    #expect(found.map(\.guideline) == [2])
    let kept = try #require(found.first?.kept.first as? ConvolutionProblem)
    #expect(kept.groups == 1)
    let work = Double(try #require(found.first?.found.first).operationCount.multiplyAccumulates)
    #expect(abs(Double(kept.operationCount.multiplyAccumulates) / work - 1) < 0.03)
    #expect(try Self.violations(GuidelineBlocks(size: 8, repeats: 1).grouped(channels: 128, groups: 128)).isEmpty)
  }

  @Test("Convolutions beside each other are named with the one that replaces them; one after the other they are not")
  func fragments() throws {
    let blocks = GuidelineBlocks(size: 8, repeats: 1)
    #expect(try Self.violations(blocks.fragmented(.series(4), channels: 16)).isEmpty)
    let found = try Self.violations(blocks.fragmented(.parallel(4), channels: 16)).filter { $0.guideline == 3 }
    #expect(found.map(\.layers.count) == [4])
    let kept = try #require(found.first?.kept.first as? ConvolutionProblem)
    #expect((kept.inputChannels, kept.outputChannels) == (16, 64))
  }

  @Test("An element-wise operation that an epilogue took is no violation; one that none could take is")
  func elementwise() throws {
    #expect(
      try Self.violations(
        GuidelineBlocks(size: 8, repeats: 1).bottleneck(channels: 8, rectified: true, shortcut: true)
      ).filter { $0.guideline == 4 }.isEmpty)
    // Two readers want the convolution with and without its activation.
    var builder = NetworkBuilder(name: "two-readers", seed: 1)
    let input = try builder.input(batch: 1, channels: 8, height: 6, width: 6)
    let convolved = try builder.convolution(input, outputs: 8, kernel: 3)
    let graph = builder.finish([("plain", convolved), ("rectified", try builder.activation(convolved))])
    let found = try Self.violations(graph).filter { $0.guideline == 4 }
    #expect(found.count == 1)
    let kept = try #require(found.first?.kept.first as? ConvolutionProblem)
    #expect(kept.epilogue.activation == .relu)
  }

  @Test("A network's findings carry times, the most expensive first")
  func report() throws {
    let folder = StudyTests.temporaryFolder()
    defer { try? FileManager.default.removeItem(atPath: folder) }
    var options = StudyTests.options(folder)
    options.family = nil
    let check = try DesignCheck(options, threads: 1, cancellation: Cancellation()) { _ in }
    let report = try check.check(GuidelineBlocks(size: 8, repeats: 2).channelRatio(inputs: 9, outputs: 108))
    #expect(report.findings.count == 4)
    #expect(report.layer_count >= 4)
    for finding in report.findings {
      #expect(finding.in_network_ms > 0 && finding.alone_ms > 0)
      #expect(try #require(finding.alternative_ms) > 0)
    }
    let times = report.findings.map(\.in_network_ms)
    #expect(times == times.sorted(by: >))
    #expect(times.reduce(0, +) <= report.network_ms * 1.0001)
  }
}
