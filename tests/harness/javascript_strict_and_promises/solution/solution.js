module.exports = {
  text: () => '1',
  text2: async () => '2',
  async fails() {
    await null;
    throw new Error('too late');
  },
};
