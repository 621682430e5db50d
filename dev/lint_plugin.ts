/** The house's own lint rules. `deno lint` runs them, and so does an editor. */

const MAX_FUNCTION_LINES = 60;

function isOfRelay(file: string): boolean {
  return /supabase[\\/]functions/.test(file) && !/_test\.ts$|[\\/]testing[\\/]/.test(file);
}

/** A function of the relay's source has at most 60 lines, from its first to its last; tests may have more. */
const maxFunctionLines: Deno.lint.Rule = {
  create(context) {
    if (!isOfRelay(context.filename)) return {};
    const { text } = context.sourceCode;
    function check(node: Deno.lint.Node) {
      const lines = text.slice(...node.range).split("\n").length;
      if (lines <= MAX_FUNCTION_LINES) return;
      context.report({ node, message: `The function has ${lines} lines, the limit is ${MAX_FUNCTION_LINES}` });
    }
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};

/** V8 keeps an object literal with a getter as a dictionary, so each use of any of its fields is a look-up by name. */
const noLiteralGetter: Deno.lint.Rule = {
  create(context) {
    if (!isOfRelay(context.filename)) return {};
    return {
      "ObjectExpression > Property[kind='get']"(node: Deno.lint.Node) {
        context.report({
          node,
          message: "A getter makes V8 keep the object as a dictionary: use a method or a field",
        });
      },
    };
  },
};

export default {
  name: "house",
  rules: { "max-function-lines": maxFunctionLines, "no-literal-getter": noLiteralGetter },
} satisfies Deno.lint.Plugin;
