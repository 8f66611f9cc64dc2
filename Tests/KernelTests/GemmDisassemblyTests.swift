import Foundation
import Testing

/// The code of this test's own executable, which holds every micro-kernel.
private enum Disassembly {
  /// Whether `objdump` and `awk` are here, and an executable to look into.
  static let isAvailable = ["/usr/bin/objdump", "/usr/bin/awk", "/proc/self/exe"].allSatisfy {
    FileManager.default.isReadableFile(atPath: $0)
  }

  /// What `objdump` says, through a filter of `awk`.
  static func lines(filter: String) throws -> [Substring] {
    let executable = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
    let process = Process()
    process.executableURL = URL(fileURLWithPath: "/bin/sh")
    process.arguments = ["-c", "objdump -d --no-show-raw-insn \"$1\" | awk \"$2\"", "sh", executable, filter]
    let pipe = Pipe()
    process.standardOutput = pipe
    try process.run()
    let data = pipe.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    try #require(process.terminationStatus == 0)
    return String(decoding: data, as: UTF8.self).split(separator: "\n")
  }
}

/// A function's instructions: address, mnemonic, operands.
private struct Function {
  let name: String
  var instructions: [(address: Int, mnemonic: Substring, operands: Substring)] = []

  /// The innermost loops, as ranges of instructions that end in a jump back to their start.
  var innermostLoops: [ClosedRange<Int>] {
    let places = Dictionary(instructions.indices.map { (instructions[$0].address, $0) }, uniquingKeysWith: { $1 })
    let loops = instructions.indices.compactMap { index -> ClosedRange<Int>? in
      let instruction = instructions[index]
      guard instruction.mnemonic.hasPrefix("j"),
        let target = Int(instruction.operands.prefix { $0.isHexDigit }, radix: 16), let start = places[target],
        start <= index
      else { return nil }
      return start...index
    }
    return loops.filter { loop in
      !loops.contains { $0 != loop && loop.lowerBound <= $0.lowerBound && $0.upperBound <= loop.upperBound }
    }
  }
}

@Suite(
  "The machine code of micro-kernels",
  .enabled(if: Disassembly.isAvailable, "skipped: needs objdump and awk, as Debian's binutils and mawk bring them"))
struct GemmDisassemblyTests {
  #if arch(x86_64)
    @Test("no wide register appears outside the modules of the instruction sets that have it")
    func wall() throws {
      let functions = try Disassembly.lines(
        filter: "/^[0-9a-f]+ </{f=$2} /%[yz]mm/{if (!(f in seen)) {seen[f]=1; print f}}")
      #expect(functions.contains { $0.contains("AVX2") })
      #expect(functions.contains { $0.contains("AVX512") })
      // Specialisations for a module's own type carry its name; the header's functions are local to each module and carry
      // their width. Anything else may be shared with code that runs on every processor.
      let strangers = functions.filter { name in
        !name.contains("AVX2") && !name.contains("AVX512")
          && !(name.hasPrefix("<luthier_") && (name.hasSuffix("8>:") || name.hasSuffix("16>:")))
      }
      #expect(strangers.isEmpty, "these could run on a processor without the registers: \(strangers)")
    }

    @Test("the tiles of products keep their sums in registers, and multiply and add in one instruction")
    func tiles() throws {
      let tileCount = try check("MicroKernelsAVX.*(PixelTile|ChannelTile)", products: "vfmadd")
      #expect(tileCount > 100)
    }

    @Test(
      "and so do those of products of narrow numbers",
      arguments: [
        ("MicroKernelsAVX2[0-9]+.*Int8DotTile", "vpmaddwd"), ("MicroKernelsAVX512[0-9]+.*Int8DotTile", "vpmaddwd"),
        ("MicroKernelsAVX2VNNI.*DotTile", "vpdpbusd"), ("MicroKernelsAVX512VNNI.*DotTile", "vpdpbusd"),
        ("MicroKernelsAVX512BF16.*DotTile", "vdpbf16ps"),
      ])
    func narrowTiles(module: String, products: String) throws {
      let tileCount = try check(module, products: products)
      #expect(tileCount > 10)
    }

    /// Looks through the inner loops of tiles.
    ///
    /// - Returns: how many there are.
    private func check(_ names: String, products: String) throws -> Int {
      let lines = try Disassembly.lines(filter: "/^[0-9a-f]+ </{p=($2 ~ /\(names)/)} p{print}")
      var functions: [Function] = []
      for line in lines {
        if line.hasSuffix(">:") {
          functions.append(Function(name: String(line)))
        } else {
          // An encoding that a mnemonic has in braces is none of the mnemonic.
          let parts = line.replacing("{vex} ", with: "").split(maxSplits: 2, omittingEmptySubsequences: true) {
            $0 == " " || $0 == "\t"
          }
          guard parts.count >= 2, parts[0].last == ":", let address = Int(parts[0].dropLast(), radix: 16) else {
            continue
          }
          functions[functions.count - 1].instructions.append(
            (address, parts[1], parts.count > 2 ? parts[2].drop { $0 == " " } : ""))
        }
      }
      var tileCount = 0
      for function in functions {
        for loop in function.innermostLoops {
          let body = function.instructions[loop]
          let fused = body.filter { $0.mnemonic.hasPrefix(products) }
          // The K loop has a prefetch; loops of epilogues have none.
          guard !fused.isEmpty, body.contains(where: { $0.mnemonic.hasPrefix("prefetch") }) else { continue }
          tileCount += 1
          let spills = body.filter {
            // Below a frame's base; without one its register is a pointer like others.
            ($0.operands.contains("(%rsp") || $0.operands.contains(/-0x[0-9a-f]+\(%rbp\)/))
              && ($0.operands.contains("%ymm") || $0.operands.contains("%zmm"))
          }
          #expect(spills.isEmpty, "\(function.name) keeps \(spills.count) vectors of its inner loop on the stack")
          #expect(
            !body.contains { $0.mnemonic == "vmulps" || $0.mnemonic.hasPrefix("call") },
            "\(function.name) does not fuse its products")
        }
      }
      return tileCount
    }
  #endif
}
