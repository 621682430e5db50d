/** The house's own lint rule. `deno lint` runs it, and so does an editor. */

const MAX_FUNCTION_LINES = 60;

/** A function of the relay's source has at most 60 lines, from its first to its last; tests may have more. */
const maxFunctionLines: Deno.lint.Rule = {
  create(context) {
    if (!/supabase[\\/]functions/.test(context.filename) || /_test\.ts$|[\\/]testing[\\/]/.test(context.filename)) {
      return {};
    }
    const { text } = context.sourceCode;
    function check(node: Deno.lint.Node) {
      const lines = text.slice(...node.range).split("\n").length;
      if (lines <= MAX_FUNCTION_LINES) return;
      context.report({ node, message: `The function has ${lines} lines, the limit is ${MAX_FUNCTION_LINES}` });
    }
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};

export default { name: "house", rules: { "max-function-lines": maxFunctionLines } } satisfies Deno.lint.Plugin;
