import TuneProgram

@main
enum Main {
  static func main() { TuneMain.run() }
}
