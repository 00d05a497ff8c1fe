export function decodeBatch(): void {}
