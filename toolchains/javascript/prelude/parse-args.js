// util.parseArgs.

import { codedError, invalidArgValue } from './node-errors.js';

function parseError(code, message) {
  return codedError(TypeError, code, message);
}

/** Splits the arguments into options and positionals, before their meaning is checked. */
function tokenize(args, options) {
  const byShort = new Map(
    Object.entries(options)
      .filter(([, option]) => option.short)
      .map(([name, option]) => [option.short, name]),
  );
  const takesValue = (name) => options[name]?.type === 'string';
  const tokens = [];
  for (let index = 0; index < args.length; index++) {
    const arg = args[index];
    if (arg === '--') {
      tokens.push({ kind: 'option-terminator', index });
      for (index++; index < args.length; index++) tokens.push({ kind: 'positional', index, value: args[index] });
    } else if (arg.startsWith('--')) {
      const equals = arg.indexOf('=');
      const name = equals < 0 ? arg.slice(2) : arg.slice(2, equals);
      const token = { kind: 'option', name, rawName: `--${name}`, index };
      if (equals >= 0) {
        tokens.push({ ...token, value: arg.slice(equals + 1), inlineValue: true });
      } else if (
        takesValue(name) &&
        args[index + 1] !== undefined &&
        !(args[index + 1].startsWith('-') && args[index + 1] !== '-')
      ) {
        tokens.push({ ...token, value: args[++index], inlineValue: false });
      } else {
        tokens.push({ ...token, value: undefined, inlineValue: undefined });
      }
    } else if (arg.startsWith('-') && arg !== '-') {
      for (let at = 1; at < arg.length; at++) {
        const short = arg[at];
        const name = byShort.get(short) ?? short;
        const token = { kind: 'option', name, rawName: `-${short}`, index };
        if (!takesValue(name)) {
          tokens.push({ ...token, value: undefined, inlineValue: undefined });
          continue;
        }
        const rest = arg.slice(at + 1);
        if (rest) tokens.push({ ...token, value: rest, inlineValue: true });
        else if (args[index + 1] !== undefined) tokens.push({ ...token, value: args[++index], inlineValue: false });
        else tokens.push({ ...token, value: undefined, inlineValue: undefined });
        break;
      }
    } else {
      tokens.push({ kind: 'positional', index, value: arg });
    }
  }
  return tokens;
}

export function parseArgs(config = {}) {
  const { options = {}, strict = true, allowNegative = false, tokens: withTokens = false } = config;
  const allowPositionals = config.allowPositionals ?? !strict;
  const args = config.args ?? process.argv.slice(2);
  for (const [name, option] of Object.entries(options)) {
    if (option.type !== 'string' && option.type !== 'boolean') {
      throw invalidArgValue(`options.${name}.type`, option.type, "must be one of: 'string', 'boolean'");
    }
  }
  const tokens = tokenize(args, options);
  const values = Object.create(null);
  const positionals = [];

  for (const token of tokens) {
    if (token.kind === 'positional') {
      if (!allowPositionals) {
        throw parseError(
          'ERR_PARSE_ARGS_UNEXPECTED_POSITIONAL',
          `Unexpected argument '${token.value}'. This command does not take positional arguments`,
        );
      }
      positionals.push(token.value);
    }
    if (token.kind !== 'option') continue;
    let { name, value } = token;
    let option = options[name];
    let negative = false;
    if (!option && allowNegative && name.startsWith('no-') && options[name.slice(3)]?.type === 'boolean') {
      name = name.slice(3);
      option = options[name];
      negative = true;
    }
    if (strict) checkOption(token, option, value, allowPositionals);
    value ??= !negative;
    if (option?.multiple) (values[name] ??= []).push(value);
    else values[name] = value;
  }
  for (const [name, option] of Object.entries(options)) {
    if (option.default !== undefined && values[name] === undefined) values[name] = option.default;
  }
  return withTokens ? { values, positionals, tokens } : { values, positionals };
}

function checkOption(token, option, value, allowPositionals) {
  if (!option) {
    const hint = allowPositionals
      ? `. To specify a positional argument starting with a '-', place it at the end of the command after '--', as in '-- "${token.rawName}"`
      : '';
    throw parseError('ERR_PARSE_ARGS_UNKNOWN_OPTION', `Unknown option '${token.rawName}'${hint}`);
  }
  const shown = option.short ? `-${option.short}, --${token.name}` : `--${token.name}`;
  if (option.type === 'string' && value === undefined) {
    throw parseError('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown} <value>' argument missing`);
  }
  if (option.type === 'boolean' && value !== undefined) {
    throw parseError('ERR_PARSE_ARGS_INVALID_OPTION_VALUE', `Option '${shown}' does not take an argument`);
  }
}
