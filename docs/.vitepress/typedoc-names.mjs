// Names the modules of the API reference as programs import them.

import { Converter, ReflectionKind } from 'typedoc'

const NAMES = {
  'client/src': '@rollcall/client',
  'client/src/react': '@rollcall/client/react',
  'client/src/testing': '@rollcall/client/testing',
  'server/src': '@rollcall/server',
  'server/src/store/conformance': '@rollcall/server/store-conformance',
  'server/src/io/wire-conformance': '@rollcall/server/wire-conformance',
  'shared-protocol/src': '@rollcall/shared-protocol',
}

/** @param {import('typedoc').Application} app */
export function load(app) {
  app.converter.on(Converter.EVENT_RESOLVE_BEGIN, ({ project }) => {
    for (const module of project.getReflectionsByKind(ReflectionKind.Module)) {
      const name = NAMES[/** @type {keyof typeof NAMES} */ (module.name)]
      if (name === undefined)
        throw new Error(`docs/.vitepress/typedoc-names.mjs has no name for ${module.name}`)
      module.name = name
    }
  })
}
