//! Bare wasmtime, as its documentation shows it, with the engine settings of the host.

use crate::support::guests::Guest;
use mpp_host::Allocation;
use std::hint::black_box;
use wasmtime::component::{Component, ComponentType, Instance, InstancePre, Lift, Linker, Lower, ResourceTable, Val};
use wasmtime::{Config, Enabled, Engine, InstanceAllocationStrategy, PoolingAllocationConfig, Store};
use wasmtime_wasi::{WasiCtx, WasiCtxView, WasiView};

pub(crate) struct Bare {
    engine: Engine,
    pre: InstancePre<State>,
}

struct State {
    wasi: WasiCtx,
    table: ResourceTable,
}

impl WasiView for State {
    fn ctx(&mut self) -> WasiCtxView<'_> {
        WasiCtxView { ctx: &mut self.wasi, table: &mut self.table }
    }
}

#[derive(Clone, ComponentType, Lift, Lower)]
#[component(record)]
struct Item {
    name: String,
    count: u32,
    price: f64,
    paid: bool,
}

#[derive(ComponentType, Lift)]
#[component(record)]
struct File {
    name: String,
    data: Vec<u8>,
}

#[derive(Clone, Copy, ComponentType, Lower)]
#[component(record)]
struct FileRef<'a> {
    name: &'a str,
    data: &'a [u8],
}

impl Bare {
    pub(crate) fn new(allocation: Allocation, guest: &Guest) -> Self {
        let mut config = Config::new();
        config.epoch_interruption(true).concurrency_support(false);
        if let Allocation::Pooled { calls } = allocation {
            let mut pool = PoolingAllocationConfig::new();
            pool.total_component_instances(calls)
                .max_memory_size(512 << 20)
                .linear_memory_keep_resident(64 << 10)
                .table_keep_resident(4 << 10)
                .pagemap_scan(Enabled::Auto);
            config.allocation_strategy(InstanceAllocationStrategy::Pooling(pool));
        }
        let engine = Engine::new(&config).expect("an engine");
        let component = Component::new(&engine, &guest.component).expect("it compiles");
        let mut linker = Linker::new(&engine);
        wasmtime_wasi::p2::add_to_linker_sync(&mut linker).expect("it links");
        Self { pre: linker.instantiate_pre(&component).expect("it links"), engine }
    }

    fn instance(&self) -> (Store<State>, Instance) {
        let state = State { wasi: WasiCtx::builder().build(), table: ResourceTable::new() };
        let mut store = Store::new(&self.engine, state);
        store.set_epoch_deadline(u64::MAX / 2);
        let instance = self.pre.instantiate(&mut store).expect("it starts");
        (store, instance)
    }

    fn function(
        &self,
        store: &mut Store<State>,
        instance: &Instance,
        (interface, name): (&str, &str),
    ) -> wasmtime::component::Func {
        let parent = instance.get_export_index(&mut *store, None, interface).expect("exported");
        let index = instance.get_export_index(&mut *store, Some(&parent), name).expect("exported");
        instance.get_func(store, index).expect("a function")
    }

    pub(crate) fn nothing(&self, name: (&str, &str)) {
        let (mut store, instance) = self.instance();
        let function = self.function(&mut store, &instance, name);
        function.typed::<(), ()>(&store).expect("its type").call(&mut store, ()).expect("it returns");
    }

    pub(crate) fn item_typed(&self, name: (&str, &str)) {
        let (mut store, instance) = self.instance();
        let function = self.function(&mut store, &instance, name);
        let function = function.typed::<(&Item,), (Item,)>(&store).expect("its type");
        let item = Item { name: "tea".to_owned(), count: 2, price: 3.5, paid: true };
        black_box(function.call(&mut store, (&item,)).expect("it returns").0.name);
    }

    pub(crate) fn item_dynamic(&self, name: (&str, &str)) {
        let (mut store, instance) = self.instance();
        let function = self.function(&mut store, &instance, name);
        let item = Val::Record(vec![
            ("name".to_owned(), Val::String("tea".to_owned())),
            ("count".to_owned(), Val::U32(2)),
            ("price".to_owned(), Val::Float64(3.5)),
            ("paid".to_owned(), Val::Bool(true)),
        ]);
        let mut results = [Val::Bool(false)];
        function.call(&mut store, &[item], &mut results).expect("it returns");
        black_box(results);
    }

    pub(crate) fn direct(&self, data: &[u8]) {
        let (mut store, instance) = self.instance();
        let function = instance.get_typed_func::<(&[u8],), (Vec<u8>,)>(&mut store, "direct").expect("its type");
        black_box(function.call(&mut store, (data,)).expect("it returns"));
    }

    pub(crate) fn optional(&self, data: &[u8]) {
        let (mut store, instance) = self.instance();
        let name = "optional";
        let function =
            instance.get_typed_func::<(Option<&[u8]>,), (Option<Vec<u8>>,)>(&mut store, name).expect("its type");
        black_box(function.call(&mut store, (Some(data),)).expect("it returns"));
    }

    pub(crate) fn checked(&self, data: &[u8]) {
        let (mut store, instance) = self.instance();
        let name = "checked";
        let function =
            instance.get_typed_func::<(&[u8],), (Result<Vec<u8>, String>,)>(&mut store, name).expect("its type");
        black_box(function.call(&mut store, (data,)).expect("it returns")).0.expect("not refused");
    }

    pub(crate) fn nested(&self, data: &[u8], pieces: usize) {
        let (mut store, instance) = self.instance();
        let files: Vec<FileRef<'_>> =
            data.chunks(data.len() / pieces).map(|data| FileRef { name: "file-0", data }).collect();
        let name = "nested";
        let function = instance.get_typed_func::<(&[FileRef<'_>],), (Vec<File>,)>(&mut store, name).expect("its type");
        let (files,) = function.call(&mut store, (&files,)).expect("it returns");
        black_box(files.iter().map(|file| file.name.len() + file.data.len()).sum::<usize>());
    }
}
