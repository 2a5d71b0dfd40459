#include "upper.h"
#include <algorithm>
#include <cctype>

std::string upper(std::string text) {
    std::ranges::transform(text, text.begin(), [](unsigned char c) { return std::toupper(c); });
    return text;
}
