// The public names, and nothing else.

export { benchModel, type ModelBenchOptions } from './api/bench.js';
export type * from './api/bench-report.js';
export type { BackendChoice } from './api/backend-choice.js';
export { encodeModel } from './api/encode.js';
export { fuseModel, type FuseOptions, type FuseProgress } from './api/fuse.js';
export { VerificationError } from './api/fuse.js';
export { inspectModel, type Inspection, type InspectOptions } from './api/inspect.js';
export type { SignatureEntry, WeightGroup } from './api/inspect.js';
export { loadInputSets } from './api/input-sets.js';
export { loadModel, type LoadOptions } from './api/load.js';
export type { MeasureOptions, Spread } from './api/measure.js';
export type { OutputError } from './api/output-error.js';
export {
  REPLACEMENTS as activationReplacements,
  type Replacement,
} from './api/activation-sites.js';
export type { Machine } from './api/machine.js';
export { machineInfo, type Cache, type MachineInfo } from './api/machine-info.js';
export type * from './api/report.js';
export { saveModel, type SavedModel, type SaveOptions } from './api/save.js';
export { InferenceSession, type SessionOptions } from './api/session.js';
export type { Feeds, Fetches, InferenceRunOptions, ModelSource } from './api/session.js';
export { studyActivations } from './api/study.js';
export type { ActivationStudyOptions } from './api/study-options.js';
export type * from './api/study-report.js';
export { loadTensor, saveTensor } from './api/tensor-file.js';
export { verifyModels, type VerifyOptions } from './api/verify.js';
export { version } from './version.js';
export { ACTIVATION_KINDS as activationKinds } from './backend/activation.js';
export { backend, type BackendInfo } from './backend/info.js';
export type {
  Activation,
  ACTIVATION_KINDS,
  ActivationKind,
  ActivationTail,
} from './backend/activation.js';
export type * from './backend/backend.js';
export type * from './backend/copy.js';
export type * from './backend/elementwise.js';
export type { BlockedLayout } from './backend/layout.js';
export type * from './backend/linear.js';
export type * from './backend/rows.js';
export type { BACKEND_NAMES, BackendName, ISA_NAMES, IsaName } from './backend/select.js';
export type { FileOptions, FileProgress } from './batch/fuse-file.js';
export { findModels, type FindResult, type FoundModel } from './batch/find-models.js';
export { fuseModels, type FuseModelsOptions } from './batch/fuse-models.js';
export { ConvfuseError, type ErrorCode } from './errors.js';
export { batchNormMatrix, fuseBnConv, fuseConvBn, fuseLinearBn } from './fold/fuse.js';
export type { FusedParameters, PaddedLayerParameters } from './fold/fuse.js';
export type { BatchNormParameters, LayerParameters, Parameter } from './fold/parameters.js';
export type { Attribute, AttributeValues } from './ir/attributes.js';
export type { Constant } from './ir/constant.js';
export type { Editor, NodeSpec } from './ir/editor.js';
export type { Graph, GraphKind } from './ir/graph.js';
export type { Model, ModelFunction } from './ir/model.js';
export type { Node } from './ir/node.js';
export type { Room } from './ir/room.js';
export type { Uses } from './ir/uses.js';
export type { Declaration, Dim, Value } from './ir/value.js';
export type { ActivationOption } from './layers/activation-option.js';
export { batchNorm } from './layers/batch-norm.js';
export { conv2d } from './layers/conv2d.js';
export type { ConvOptions } from './layers/conv-options.js';
export { FusedConv2d, type RunOptions, type RunSyncOptions } from './layers/fused-conv2d.js';
export type { PaddingOption, PerAxis } from './layers/window-option.js';
export type { FuseRun } from './report/run.js';
export { prepareReport, type ReportFile, type ReportOptions } from './report/save-report.js';
export * as conditions from './rewrite/conditions.js';
export { defineRule, type Level, type Match, type Reason, type Rule } from './rewrite/rule.js';
export type { Condition, Facts, Refusal, Rewritten, SiteCheck, Target } from './rewrite/rule.js';
export { ALL_RULES as rules } from './rules/index.js';
export type { ValueMetadata } from './runtime/session.js';
export type { DataType, FloatType, TensorData } from './tensor/dtype.js';
export type { Tensor as TensorLike } from './tensor/tensor.js';
export type { Padding, Window } from './tensor/window.js';
export { Tensor } from './tensor/tensor-class.js';
