import ArgumentParser
import Luthier

/// Whose fault an error was, as exit codes say it (`sysexits.h`).
public enum ExitStatus: Int32, Sendable {
  /// The arguments were wrong.
  case usage = 64
  /// A file's content was wrong.
  case badData = 65
  /// A file was not there or could not be read.
  case missingInput = 66
  /// A fault of ours.
  case internalError = 70
  /// Somebody asked for the end.
  case interrupted = 130

  /// The status of an error.
  public init(of error: any Error) {
    switch error {
    case let error as any ExitStatusProviding: self = error.exitStatus
    case let error as ImagingError:
      switch error {
      case .unreadable: self = .missingInput
      case .unwritable, .invalidQuality, .outside, .invalidPreprocessing: self = .usage
      case .tooManyBytes, .unknownFormat, .malformed, .tooManyPixels, .notEncodable, .invalidSize, .byteCount:
        self = .badData
      }
    case let error as ONNXError:
      switch error {
      case .unwritable, .fixedSize, .unknownInput: self = .usage
      default: self = error.isMissingFile ? .missingInput : .badData
      }
    case let error as TuningDatabaseError:
      switch error {
      case .unreadable: self = .missingInput
      case .unwritable, .locked: self = .usage
      case .tooLarge, .malformed, .newerSchema, .differentPlatform: self = .badData
      }
    case let error as MissesFileError:
      switch error {
      case .unreadable: self = .missingInput
      case .unwritable, .locked: self = .usage
      case .tooLarge, .malformed: self = .badData
      }
    case let error as VisionError:
      if case .labels = error { self = .missingInput } else { self = .badData }
    case let error as DeploymentError:
      switch error {
      case .unknownNetwork, .option, .shapeOfCatalog: self = .usage
      case .noProfile: self = .missingInput
      case .notTuned: self = .badData
      }
    case let error as CompiledFileError:
      switch error {
      case .unreadable: self = .missingInput
      case .fixed, .notTheModel: self = .usage
      case .malformed, .otherFormat, .otherHost, .otherLibrary, .otherKernel, .notCompilable: self = .badData
      }
    case let error as ModelInputError:
      switch error {
      case .open, .unknown: self = .usage
      case .count, .mismatch: self = .badData
      }
    case let error as CompilationError:
      if case .threads = error { self = .usage } else { self = .badData }
    case is AtomicFile.Failure, is ThreadTeamError, is InstructionSetError, is ValidationError, is CleanExit:
      self = .usage
    case is ProblemError, is ShapeError, is TensorError, is GraphError, is RunError, is KernelError,
      is ProgramError:
      self = .badData
    default:
      // The parser's own errors are not public; it knows their code.
      self = ExitStatus(rawValue: ParserProbe.exitCode(for: error).rawValue) ?? .internalError
    }
  }
}

/// An error of a program that knows its status.
public protocol ExitStatusProviding: Error {
  /// Whose fault the error was.
  var exitStatus: ExitStatus { get }
}

/// A command that only lends its parser's knowledge of exit codes.
private struct ParserProbe: ParsableCommand {}
