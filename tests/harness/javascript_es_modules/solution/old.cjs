exports.named = () => "named";
