// The functions of the native side (native/*.c). The global name they came by is taken away before anything else runs.

const native = globalThis.__native;
delete globalThis.__native;

export default native;
