#include "stack.hpp"
#include "text/upper.h"
#include <fstream>
#include <iostream>

int main() {
    Stack<std::string> words;
    std::ifstream file("words.txt");
    for (std::string word; file >> word;) words.push(upper(word));
    while (auto word = words.pop()) std::cout << *word << '\n';
}
