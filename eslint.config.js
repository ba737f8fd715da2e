import js from '@eslint/js';
import tseslint from 'typescript-eslint';

export default tseslint.config(
  {
    ignores: ['build*/', 'dist/', 'out/', 'lib/onnx/gen/', 'prebuilds/', 'coverage/', 'docs/api/'],
  },
  js.configs.recommended,
  ...tseslint.configs.strict,
  {
    rules: {
      '@typescript-eslint/no-unused-vars': ['error', { argsIgnorePattern: '^_' }],
      '@typescript-eslint/consistent-type-imports': 'error',
      // Numeric loops index typed arrays; a graph goes through checked accessors instead.
      '@typescript-eslint/no-non-null-assertion': 'off',
    },
  },
  {
    // The CommonJS entry is one such import by its nature.
    files: ['**/*.cts'],
    rules: { '@typescript-eslint/no-require-imports': ['error', { allowAsImport: true }] },
  },
  {
    files: ['scripts/**/*.mjs', '**/*.js'],
    languageOptions: {
      globals: { process: 'readonly', console: 'readonly', URL: 'readonly', Buffer: 'readonly' },
    },
  },
);
