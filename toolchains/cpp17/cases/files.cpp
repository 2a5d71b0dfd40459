// Arguments in, a file in between, the error stream, an exit code out.
#include <filesystem>
#include <fstream>
#include <iostream>
namespace fs = std::filesystem;

int main(int argc, char** argv) {
    fs::create_directory("made");
    std::ofstream("made/args.txt") << argc - 1 << ' ' << argv[1];
    std::string text;
    std::getline(std::ifstream("made/args.txt"), text);
    std::cout << text << ' ' << fs::file_size("made/args.txt") << '\n';
    std::cerr << fs::current_path().filename() << '\n';
    return argc;
}
