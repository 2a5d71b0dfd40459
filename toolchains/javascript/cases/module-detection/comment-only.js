// import x from "y"
exports.commented = "import in a comment is CommonJS";
