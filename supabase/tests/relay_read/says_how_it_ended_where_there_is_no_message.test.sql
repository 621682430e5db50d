begin;
select plan(4);

select tests.given_tale('owner');
select tests.call_begin('owner', 'silent', conversation => 'tale');
select tests.call_finish('silent', '', 'failed', 'error', 'provider_auth');
select tests.call_begin('owner', 'deleted', conversation => 'tale');
select tests.call_finish('deleted');
delete from public.messages where stream_id = 'deleted';

select is(view - 'generation', '{"message": null, "start": 0, "text": null}', stream_id || ': there is no text')
from unnest(array['silent', 'deleted']) as stream_id, tests.call_read('owner', stream_id) as view;
select is(tests.call_read('owner', 'silent') -> 'generation' ->> 'error_code', 'provider_auth', 'it failed');
select is(tests.call_read('owner', 'deleted') -> 'generation' ->> 'status', 'completed', 'it was completed');

select * from finish();
rollback;
