begin; select plan(8);
select tests.given_tale('owner');
select tests.make_user('stranger');
select tests.call_begin('owner', stream_id, parent => 'second answer', rate_limit => 9, max_concurrent => 9)
  from unnest(array['cancelled', 'completed', 'disconnected', 'error', 'interrupted', 'timeout']) as stream_id;
select tests.call_cancel('owner', 'cancelled');
select tests.call_finish('cancelled');
select tests.call_finish('completed', finish_reason => 'length');
select tests.call_finish('disconnected', status => 'disconnected', finish_reason => 'disconnected');
select tests.call_finish('error', status => 'failed', finish_reason => 'error', error_code => 'provider_error');
select tests.call_finish(
  'interrupted', status => 'interrupted', finish_reason => 'interrupted', error_code => 'interrupted');
select tests.call_finish('timeout', status => 'failed', finish_reason => 'timeout', error_code => 'timeout');
create temp table ended as select g.stream_id, g.status from relay.generations g;
select tests.given_pruned(stream_id) from ended;
select is(tests.call_cancel('owner', stream_id) ->> 'status', status, stream_id || ': ' || status)
  from ended order by stream_id;
select is(tests.call_cancel('stranger', 'completed'), null, 'to a stranger it does not exist');
select is(tests.call_cancel('owner', 'unknown'), null, 'nor does what never was');

select * from finish(); rollback;
