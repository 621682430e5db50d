begin; select plan(2);
select tests.given_tale('owner');
select tests.call_begin('owner', 'silent', conversation => 'tale');
select tests.call_finish('silent', '', 'failed', 'error', 'provider_auth');
select tests.call_begin('owner', 'deleted', conversation => 'tale');
select tests.call_finish('deleted');
delete from public.messages where stream_id = 'deleted';
select is(tests.call_read('owner', stream_id) - 'generation',
  '{"message": null, "start": null, "end": null, "text": null, "more": false}', stream_id)
  from unnest(array['silent', 'deleted']) as stream_id;

select * from finish(); rollback;
