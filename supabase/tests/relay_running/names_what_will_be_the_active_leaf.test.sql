begin; select plan(11);
select tests.given_tale('owner');
select tests.make_user('stranger');
select is(tests.call_running('owner', 'tale'), null, 'nothing runs');
select tests.call_begin('owner', 'first', conversation => 'tale');
savepoint start;

select is(tests.call_running('owner', 'tale'), 'first', 'the generation that runs');
select is(tests.call_running('stranger', 'tale'), null, 'to a stranger there is none');
select is(tests.call_running('owner', 'unknown'), null, 'nor in what is no conversation');
select is(public.relay_running(tests.id('owner'), 'no id of any type ☃'), null, 'or cannot be one');
select tests.given_active_leaf('tale', 'other question');
select is(tests.call_running('owner', 'tale'), null, 'its reader has gone to another branch');

rollback to start; -- Another version is as good, and one that ends comes last.
select tests.call_finish('first', 'Once');
select tests.call_begin('owner', stream_id, reroll_of => 'second answer') from unnest(array['a', 'b']) as stream_id;
select tests.call_cancel('owner', 'a');
select is(tests.call_running('owner', 'tale'), 'b', 'the one that is not being cancelled');
select tests.call_finish('b', 'Twice');
select is(tests.call_running('owner', 'tale'), null, 'the other will not be the active leaf any more');

rollback to start; -- A dead worker's is ended.
select tests.call_beat('first', 0, 4, 'Once');
select tests.back_date('first', interval '16 seconds');
select is(tests.call_running('owner', 'tale'), null, 'none runs');
select is(tests.leaf_of('tale'), 'Once', 'and its text is stored');
select is((select g.status from relay.generations g), 'interrupted', 'as interrupted');

select * from finish(); rollback;
