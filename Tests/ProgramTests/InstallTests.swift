import Foundation
import Luthier
import Testing

@Suite("The installed C library")
struct InstallTests {
  /// Installs the library that was built beside the tests, and moves the folder: nothing names where it was.
  static func install(in folder: TemporaryFolder) throws -> String {
    let (first, prefix) = (
      folder.url.appendingPathComponent("first").path, folder.url.appendingPathComponent("a b").path
    )
    let run = try CInterfaceTests.execute(
      [Checkout.root.appendingPathComponent("Sources/LuthierC/install").path, first],
      environment: ["LUTHIER_BUILD": ProgramRun.products().path], folder: folder.url)
    try #require(run.status == 0, "\(run.errors)")
    try FileManager.default.moveItem(atPath: first, toPath: prefix)
    return prefix
  }

  /// Whether a program is there; says so where it is not.
  static func has(_ program: String, _ folder: TemporaryFolder) -> Bool {
    if (try? CInterfaceTests.execute([program, "--version"], folder: folder.url))?.status == 0 { return true }
    print("skipped: \(program) is not here (Debian: \(program))")
    return false
  }

  /// Python that becomes the program of its arguments with no signal blocked: CMake waits for SIGCHLD, which Foundation's threads
  /// block and their children inherit.
  static let unblocked =
    "import os, signal, sys; signal.pthread_sigmask(signal.SIG_SETMASK, []); os.execvp(sys.argv[1], sys.argv[1:])"

  /// Checks that a program prints the class that Swift finds.
  static func check(_ program: String, in folder: TemporaryFolder) throws {
    let run = try CInterfaceTests.execute([program], folder: folder.url)
    #expect(run.status == 0, "\(run.errors)")
    let scores = try CInterfaceTests.expectedScores()
    let best = scores.indices.max { scores[$0] < scores[$1] }
    #expect(run.output.split(whereSeparator: \.isWhitespace).compactMap { Int($0) } == [try #require(best)])
  }

  @Test("pkg-config tells what the README's C program is compiled with")
  func packageConfiguration() throws {
    let folder = try TemporaryFolder()
    guard Self.has("pkg-config", folder) else { return }
    let prefix = try Self.install(in: folder)
    let source = try folder.file("example.c", Data(CInterfaceTests.example("c").utf8))
    let command = """
      set -e
      test "$(pkg-config --modversion luthier)" = '\(LibraryVersion.current)'
      eval clang -std=c11 -Wall -Wextra -Werror "$(pkg-config --cflags luthier)" '\(source)' "$(pkg-config --libs luthier)" \
        -o example "-Wl,-rpath,$(pkg-config --variable=libdir luthier)"
      """
    let compiled = try CInterfaceTests.execute(
      ["sh", "-c", command], environment: ["PKG_CONFIG_PATH": "\(prefix)/lib/pkgconfig"], folder: folder.url)
    try #require(compiled.status == 0, "\(compiled.errors)")
    try Self.check(folder.url.appendingPathComponent("example").path, in: folder)
  }

  @Test("CMake builds the README's C program, as C and as C++, and minds the version that is asked for")
  func cmake() throws {
    let folder = try TemporaryFolder()
    guard Self.has("cmake", folder) else { return }
    let prefix = try Self.install(in: folder)
    let program = try CInterfaceTests.example("c")
    _ = try folder.file("example.c", Data(program.utf8))
    // C++ has no array in the middle of an expression.
    let plain = program.replacingOccurrences(
      of: "if (luthier_run(network, (const float *[]){image}, (float *[]){scores}) != 0)",
      with:
        "const float *read[] = {image};\n  float *written[] = {scores};\n  if (luthier_run(network, read, written) != 0)"
    )
    try #require(plain != program)
    let start = "luthier_options options = {.threads = 1};"
    try #require(plain.contains(start))
    let cpp = plain.replacingOccurrences(of: start, with: "luthier_options options = {};\n  options.threads = 1;")
    _ = try folder.file("example.cpp", Data(cpp.utf8))
    let project = """
      cmake_minimum_required(VERSION 3.16)
      project(example C CXX)
      foreach(version 99 0.0 0 \(LibraryVersion.current).1)
        find_package(Luthier ${version} QUIET)
        if(Luthier_FOUND)
          message(FATAL_ERROR "version ${version} was found")
        endif()
      endforeach()
      find_package(Luthier REQUIRED)
      find_package(Luthier \(LibraryVersion.current) EXACT REQUIRED)
      add_executable(in_c example.c)
      add_executable(in_cpp example.cpp)
      foreach(program in_c in_cpp)
        target_compile_options(${program} PRIVATE -Wall -Wextra -Werror)
        target_link_libraries(${program} PRIVATE Luthier::LuthierC)
      endforeach()
      """
    _ = try folder.file("CMakeLists.txt", Data(project.utf8))
    for arguments in [["-S", ".", "-B", "build"], ["--build", "build"]] {
      let run = try CInterfaceTests.execute(
        ["python3", "-c", Self.unblocked, "cmake"] + arguments,
        environment: ["CMAKE_PREFIX_PATH": prefix, "CC": "clang", "CXX": "clang++"],
        folder: folder.url)
      try #require(run.status == 0, "\(run.output)\n\(run.errors)")
    }
    for program in ["in_c", "in_cpp"] {
      try Self.check(folder.url.appendingPathComponent("build/\(program)").path, in: folder)
    }
  }

  @Test("What cannot be installed is an error of one line, and the Python package has the library's version")
  func errors() throws {
    let folder = try TemporaryFolder()
    let script = Checkout.root.appendingPathComponent("Sources/LuthierC/install").path
    for arguments in [[], [""], ["--help"], ["a", "b"]] {
      let run = try CInterfaceTests.execute([script] + arguments, folder: folder.url)
      #expect(run.status == 64 && run.errors == "usage: install PREFIX\n")
    }
    let empty = try CInterfaceTests.execute(
      [script, "prefix"], environment: ["LUTHIER_BUILD": folder.folder("empty")], folder: folder.url)
    #expect(empty.status == 66 && empty.errors.contains("libLuthierC.so is not in"))
    let python = try Checkout.text("Sources/LuthierC/python/luthier/_library.py")
    #expect(python.contains("__version__ = \"\(LibraryVersion.current)\""))
  }
}
